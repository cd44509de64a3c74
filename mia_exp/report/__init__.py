"""What a person sees of a run: the table, the figures, the page. Reads plain data; never trains or queries."""

from mia_exp.report.run_folder import write_report
from mia_exp.report.sweep_folder import write_sweep_report
from mia_exp.report.table import print_table

__all__ = ["print_table", "write_report", "write_sweep_report"]
