"""What happens to V(x) before it leaves the model."""
