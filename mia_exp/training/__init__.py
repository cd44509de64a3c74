"""What every training with Lightning has in common."""
