"""A report as JSON has every figure."""

import json
import math

from lab.renderers import json as json_renderer
from lab.verdicts.run import Judged


def test_json_has_every_figure(whole: Judged) -> None:
    (run,) = json.loads(json_renderer.render([whole]))["runs"]
    assert run["python"] == whole.run.machine.python
    assert len(run["races"]) == len(whole.findings)
    assert len(run["series"]) == len(whole.series)
    for plain, finding in zip(run["races"], whole.findings, strict=True):
        assert plain["verdict"] == finding.verdict
        assert plain["time_s"] == finding.time_s.median
        if finding.speedup is not None:
            assert plain["speedup_low"] <= plain["speedup"] <= plain["speedup_high"]
        if finding.ceiling is not None and math.isinf(finding.ceiling.value):
            assert plain["ceiling"] is None
