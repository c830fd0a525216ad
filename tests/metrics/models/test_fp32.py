"""Products of fp32 matrices stay fp32 however a process allowed others, and its settings come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

NEW_API = hasattr(torch.backends, "fp32_precision")

FLAGS = {
    "nothing": "",
    "high": "torch.set_float32_matmul_precision('high')",
    "medium": "torch.set_float32_matmul_precision('medium')",
    "highest": "torch.set_float32_matmul_precision('highest')",
    "cublas": "torch.backends.cuda.matmul.allow_tf32 = True",
    "cudnn off": "torch.backends.cudnn.allow_tf32 = False",
    "cudnn on": "torch.backends.cudnn.allow_tf32 = True",
    "cudnn otherwise": "torch.backends.cudnn.benchmark = True; torch.backends.cudnn.enabled = False",
}
SETTINGS = {
    "all tf32": "torch.backends.fp32_precision = 'tf32'",
    "all bf16": "torch.backends.fp32_precision = 'bf16'",
    "matmul": "torch.backends.cuda.matmul.fp32_precision = 'tf32'",
    "backend": "torch.backends.cudnn.fp32_precision = 'tf32'",
    "convolution exact": "torch.backends.cudnn.conv.fp32_precision = 'ieee'",
    "convolution not": "torch.backends.cudnn.conv.fp32_precision = 'tf32'",
    "cpu": "torch.backends.mkldnn.matmul.fp32_precision = 'bf16'; torch.backends.mkldnn.conv.fp32_precision = 'tf32'",
    "cpu backend": "torch._C._set_fp32_precision_setter('mkldnn', 'all', 'bf16')",
    "mixed": "torch.set_float32_matmul_precision('medium'); torch.backends.cuda.matmul.fp32_precision = 'ieee'",
    "mixed too": "torch.backends.cuda.matmul.allow_tf32 = True; torch.backends.cuda.matmul.fp32_precision = 'none'",
    "mixed convolutions": "torch.backends.cudnn.allow_tf32 = False; torch.backends.cudnn.conv.fp32_precision = 'tf32'",
    "backend exact": "torch.backends.cudnn.fp32_precision = 'ieee'; torch.backends.cuda.matmul.fp32_precision = 'tf32'",
}

PROGRAM = """
import json, os, sys, torch
from metrics.models import forward, fp32

NEW_API = hasattr(torch.backends, "fp32_precision")

def told(read):
    try:
        return read()
    except RuntimeError:
        return "contradicted"

def state():
    found = [told(torch.get_float32_matmul_precision), told(lambda: torch.backends.cudnn.allow_tf32)]
    found += [told(lambda: torch.backends.cuda.matmul.allow_tf32), torch.backends.cudnn.enabled]
    found += [torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic]
    if NEW_API:
        backends = [("generic", "all"), ("cuda", "all"), ("mkldnn", "all")]
        operations = [(b, o) for b in ("cuda", "mkldnn") for o in ("all", "matmul", "conv", "rnn")]
        found += [fp32._get(s) for s in backends + operations]
        for backend in [*backends, ("cuda", "all"), ("generic", "all")]:  # what follows another is seen when that moves
            fp32._set(backend, "tf32" if fp32._get(backend) != "tf32" else "ieee")
            found += [fp32._get(s) for s in operations]
    return found

def in_child(task):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, json.dumps(task()).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as stream:
        return json.load(stream)

def inside(change, how):
    exec(change)
    with how():
        found = [torch.get_float32_matmul_precision(), torch.backends.cuda.matmul.allow_tf32]
        if not NEW_API or how is not inference:
            return [*found, torch.backends.cudnn.allow_tf32]
        operations = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn
        operations += torch.backends.mkldnn.matmul, torch.backends.mkldnn.conv, torch.backends.mkldnn.rnn
        return [*found, *(operation.fp32_precision != "ieee" for operation in operations)]

def before(change, how):
    exec(change)
    return state()

def after(change, how):
    exec(change)
    with how():
        pass
    return state()

def inference():
    return forward.inference(torch.device("cpu"), "fp32")

def flags_alone():
    from contextlib import ExitStack
    stack = ExitStack()
    stack.callback(fp32._use_flags())
    return stack

how = {"inference": inference, "flags": flags_alone}[sys.argv[1]]
for change in json.loads(sys.argv[2]):
    print(json.dumps([in_child(lambda: task(change, how)) for task in (inside, before, after)]))
"""


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("how", ["inference", "flags"])
def test_products_are_exact_and_the_settings_come_back(how: str, override: bool) -> None:
    """``flags`` is what torch before 2.9 has, tried on the flags of the torch that is here."""
    changes = FLAGS | (SETTINGS if NEW_API and how == "inference" else {})
    environment = {key: value for key, value in os.environ.items() if key != "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"}
    environment |= {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"} if override else {}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, how, json.dumps(list(changes.values()))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for name, line in zip(changes, done.stdout.splitlines(), strict=True):
        inside, before, after = json.loads(line)
        assert inside[0] == "highest", name
        assert not any(inside[1:]), name
        n_flags = None if how == "inference" else 6
        assert after[:n_flags] == before[:n_flags], name


def test_what_a_process_allows_is_told() -> None:
    code = (
        "from metrics.models.fp32 import exact_products, products_of_process as told\n"
        "print(told())\nwith exact_products(): print(told())"
    )
    environment = os.environ | {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["{'matmul': 'tf32', 'conv': 'tf32'}", "{'matmul': 'fp32', 'conv': 'fp32'}"]
