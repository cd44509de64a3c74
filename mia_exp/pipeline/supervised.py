"""The attack whose difficulty was learned from human search times."""
