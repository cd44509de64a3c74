"""Reports: tables, figures and HTML pages, made from plain data, without training or querying."""

from mia_exp.report.run_folder import write_report
from mia_exp.report.sweep_folder import write_sweep_report
from mia_exp.report.table import print_table

__all__ = ["print_table", "write_report", "write_sweep_report"]
