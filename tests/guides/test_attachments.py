"""docs/attachments.md: its code works in front of a real server, and its numbers are true."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from chatkit_backend.hosted.sessions import SessionRequest
from chatkit_backend.settings import Settings
from tests.conftest import Serve
from tests.provider.server import ScriptedProvider
from tests.uploading import PDF, files_in

GUIDE = (Path(__file__).parents[2] / "docs" / "attachments.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def test_the_code_uploads_sends_and_downloads(
    serve: Serve, provider: ScriptedProvider, tmp_path: Path
) -> None:
    served = serve()
    (tmp_path / "report.pdf").write_bytes(PDF)
    check = 'assert download.content == file.read_bytes(), "not the same"\n'
    done = subprocess.run(  # noqa: S603 - the guide's own code
        [sys.executable, "-c", "".join(CODE) + check],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CHAT_SERVER": served.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"type":"thread.item.done"' in done.stdout
    assert done.stdout.count('"name":"report.pdf"') >= 2
    assert len(files_in(tmp_path / "chatkit-files")) == 2


def test_the_configuration_of_a_session_is_one() -> None:
    named: dict[str, object] = {}
    exec(next(code for code in CODE if code.startswith("configuration")), named)  # noqa: S102 - the guide's own code
    body = {"user": "ada", "workflow": {"id": "wf_1"}}
    whole = body | {"chatkit_configuration": named["configuration"]}
    asked = SessionRequest.parse(json.dumps(whole).encode())
    assert (asked.configuration.max_file_megabytes, asked.configuration.max_files) == (5, 2)


def test_the_defaults_are_those_of_the_settings() -> None:
    settings = Settings(_env_file=None)
    assert f"| {settings.upload_max_bytes // 1_000_000} MB |" in GUIDE
    assert f"| {settings.upload_max_files}; `0` takes none" in GUIDE
