"""PyTorch's side of bench:teacher: a training step of a full-precision ResNet for 32x32 images, or single convolutions.
usage: torch_resnet.py step resnet18|resnet20 BATCH [--steps 7] [--threads 2] [--format nchw|nhwc] [--tuned]
       torch_resnet.py conv SHAPES [--threads 2] [--seconds 0.3]
step prints one JSON line; conv reads SHAPES, a JSON list of {size, n, c, k, window, stride, pad}, and prints a list of
{forward, backwardInput, backwardFilter}, milliseconds in the faster of the two memory formats.
--tuned keeps the process's memory instead of returning it to the system, runs BatchNorm and ReLU in place where autograd
allows it, and updates all weights at once (foreach). ONEDNN_MAX_CPU_ISA=AVX2 limits it to AVX2."""
import os
import sys

TUNED = "--tuned" in sys.argv
if TUNED and "MALLOC_MMAP_MAX_" not in os.environ:  # the C library reads these at start
    keep = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 28)}
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, **keep})
import argparse
import json
import resource
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    """conv -> BN -> ReLU -> conv -> BN -> + shortcut -> ReLU; the shortcut is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=TUNED)
        self.down = None
        if stride != 1 or inputs != outputs:
            self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += x if self.down is None else self.down(x)
        return self.relu(y)


class Net(nn.Module):
    def __init__(self, widths, blocks, classes):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=TUNED)
        )
        layers, inputs = [], widths[0]
        for level, (width, count) in enumerate(zip(widths, blocks)):
            for i in range(count):
                layers.append(Block(inputs, width, 2 if level > 0 and i == 0 else 1))
                inputs = width
        self.body, self.head = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


NETS = {"resnet18": ([64, 128, 256, 512], [2, 2, 2, 2]), "resnet20": ([16, 32, 64], [3, 3, 3])}


def time_step(a):
    model, x = Net(*NETS[a.net], 10), torch.randn(a.batch, 3, 32, 32)
    if a.format == "nhwc":
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, **({"foreach": True} if TUNED else {}))
    labels = torch.randint(0, 10, (a.batch,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), labels, label_smoothing=0.1).backward()
        optimizer.step()

    step(), step()
    times = []
    for _ in range(a.steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    median = sorted(times)[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"stepMs": median, "imagesPerSecond": a.batch / median * 1e3, "peakRssMiB": round(peak)}))


def typical(call, seconds):
    """Milliseconds of a call: the median of those of some seconds, after a warm-up."""
    call(), call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] * 1e3


def time_convolution(s, seconds):
    found = {}
    for layout in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(s["n"], s["c"], s["size"], s["size"]).contiguous(memory_format=layout)
        w = torch.randn(s["k"], s["c"], s["window"], s["window"]).contiguous(memory_format=layout)
        stride, pad = [s["stride"]] * 2, [s["pad"]] * 2
        y = F.conv2d(x, w, None, stride, pad)
        dy = torch.randn_like(y).contiguous(memory_format=layout)

        def backward(of_input, of_filter):
            return lambda: torch.ops.aten.convolution_backward(
                dy, x, w, None, stride, pad, [1, 1], False, [0, 0], 1, [of_input, of_filter, False]
            )

        calls = {
            "forward": lambda: F.conv2d(x, w, None, stride, pad),
            "backwardInput": backward(True, False),
            "backwardFilter": backward(False, True),
        }
        for name, call in calls.items():
            with torch.no_grad():
                found[name] = min(found.get(name, float("inf")), typical(call, seconds))
    return found


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    modes = p.add_subparsers(dest="mode", required=True)
    step_mode = modes.add_parser("step")
    step_mode.add_argument("net", choices=NETS)
    step_mode.add_argument("batch", type=int)
    step_mode.add_argument("--steps", type=int, default=7)
    step_mode.add_argument("--format", choices=["nchw", "nhwc"], default="nchw")
    step_mode.add_argument("--tuned", action="store_true")
    conv_mode = modes.add_parser("conv")
    conv_mode.add_argument("shapes", type=json.loads)
    conv_mode.add_argument("--seconds", type=float, default=0.3)
    for mode in (step_mode, conv_mode):
        mode.add_argument("--threads", type=int, default=2)
    arguments = p.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.mode == "step":
        time_step(arguments)
    else:
        print(json.dumps([time_convolution(shape, arguments.seconds) for shape in arguments.shapes]))
