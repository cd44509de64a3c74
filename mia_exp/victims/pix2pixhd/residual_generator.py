"""pix2pixHD's generator (Wang et al., 2018, Sec. 3.2 and supplement): residual, with an optional enhancer."""

from collections.abc import Sequence

from torch import Tensor, nn

from mia_exp.data import InputLayout
from mia_exp.victims.final_image import final_image
from mia_exp.victims.initialise import initialise
from mia_exp.victims.pix2pixhd.label_encoding import LabelEncoder

# Residual blocks of the local enhancer.
LOCAL_BLOCKS = 3


class ResidualGenerator(nn.Module):
    """Downsampling, residual blocks, and upsampling.

    In the notation of its authors, at ngf 64:
    c7s1-64, d128, d256, d512, d1024, R1024 x 9, u512, u256, u128, u64, c7s1-3.

    With a local enhancer of half the width, the network above works at half the size, without its last layer, and
    its features are added to the enhancer's: c7s1-32, d64, (+), R64 x 3, u32, c7s1-3.

    Args:
        palette: Colours of the classes of x, or None if x is an ordinary image.
        instances: Whether x has a fourth channel of instance boundaries.
        ngf: Channels of the first level; they double with each downsampling.
        downsamplings: Halvings of the image.
        blocks: Residual blocks.
        local_enhancer: Whether there is one.
    """

    def __init__(
        self,
        palette: Sequence[Sequence[int]] | None,
        instances: bool,
        ngf: int,
        downsamplings: int,
        blocks: int,
        local_enhancer: bool,
    ) -> None:
        super().__init__()
        colours = None if palette is None else tuple((red, green, blue) for red, green, blue in palette)
        self.architecture = {
            "palette": None if colours is None else [list(colour) for colour in colours],
            "instances": instances,
            "ngf": ngf,
            "downsamplings": downsamplings,
            "blocks": blocks,
            "local_enhancer": local_enhancer,
        }
        self.encoder = LabelEncoder(InputLayout(colours, instances))
        inputs = self.encoder.channels
        layers = _entrance(inputs, ngf)
        for level in range(downsamplings):
            layers += _down(ngf * 2**level)
        layers += [ResidualBlock(ngf * 2**downsamplings) for _ in range(blocks)]
        for level in reversed(range(downsamplings)):
            layers += _up(ngf * 2 ** (level + 1))
        self.body = nn.Sequential(*layers)
        self.enhancer: LocalEnhancer | None = LocalEnhancer(inputs, ngf // 2) if local_enhancer else None
        self.exit = nn.Sequential(*_exit(ngf // 2 if local_enhancer else ngf))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Generates images.

        Args:
            x: (N, C, H, W), float32 in [0, 1]; H and W divisible by 2 ** downsamplings, twice that with an
                enhancer.

        Returns:
            V(x) (N, 3, H, W) in [0, 1].
        """
        encoded = self.encoder(x)
        features = self.body(encoded) if self.enhancer is None else self.enhancer(encoded, self.body)
        return final_image(self.exit, features)


class LocalEnhancer(nn.Module):
    """Adds details at the full size to the global generator's features, which have half the size.

    Args:
        inputs: Channels of the encoded x.
        width: Channels of its first level, half of the global generator's.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.halve = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.before = nn.Sequential(*_entrance(inputs, width), *_down(width))
        self.after = nn.Sequential(*[ResidualBlock(2 * width) for _ in range(LOCAL_BLOCKS)], *_up(2 * width))

    def forward(self, encoded: Tensor, body: nn.Module) -> Tensor:
        """Adds its own features to those of `body` at half the size; returns (N, width, H, W)."""
        features: Tensor = self.after(self.before(encoded) + body(self.halve(encoded)))
        return features


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions whose result is added to their input.

    Args:
        width: Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Maps (N, width, H, W) to the same."""
        change: Tensor = self.layers(hidden)
        return hidden + change


def _entrance(inputs: int, width: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(3), nn.Conv2d(inputs, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]


def _down(width: int) -> list[nn.Module]:
    return [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.InstanceNorm2d(2 * width), nn.ReLU()]


def _up(width: int) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1)
    return [convolution, nn.InstanceNorm2d(width // 2), nn.ReLU()]


def _exit(width: int) -> list[nn.Module]:
    return [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
