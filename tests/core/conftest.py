"""Makes `import prism_core` work without the repository root on sys.path.

ComfyUI has a top-level module called `nodes`, as the pack has a folder; the root on the path would
shadow it. So the library is imported by its path, under its own name.
"""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

if "prism_core" not in sys.modules:
    package = ROOT / "prism_core"
    spec = importlib.util.spec_from_file_location(
        "prism_core", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["prism_core"] = module
    spec.loader.exec_module(module)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good head file."""
    from prism_core.checkpoint import save_head
    from tests.core.head_files import INFO, make_head

    save_head(tmp_path / "head.safetensors", make_head(), INFO)
    return tmp_path / "head.safetensors"
