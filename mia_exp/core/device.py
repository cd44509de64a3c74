"""The device on which tensors are computed."""

import platform

import torch

from mia_exp.core.errors import ConfigError


def torch_device(accelerator: str, number: int = 0) -> torch.device:
    """Returns the device that `trainer.accelerator` (`auto`, `cpu` or `gpu`) means on this machine.

    Args:
        accelerator: The setting.
        number: Which of several GPUs.

    Raises:
        ConfigError: `gpu` was set and torch finds no GPU.
    """
    available = torch.cuda.is_available()
    if accelerator == "gpu" and not available:
        raise ConfigError("trainer.accelerator=gpu: torch finds no GPU on this machine; use auto or cpu")
    return torch.device("cuda", number) if available and accelerator != "cpu" else torch.device("cpu")


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Moves a host tensor to the device; to a GPU asynchronously, from pinned memory."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def describe_device(device: torch.device) -> str:
    """The GPU's name, or the processor's architecture and the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"
