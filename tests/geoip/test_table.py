"""Regions of addresses: the most specific network applies, and an invalid file is reported with its line."""

from pathlib import Path

import pytest

from feed.geoip.files import open_regions
from feed.geoip.model import RegionsUnreadable

TABLE = """\
# 网络,属地
203.0.113.0/24,广东
203.0.113.64/26,香港
203.0.113.65/32,澳门

198.51.100.0/24, 新加坡
2001:db8::/32,北京
2001:db8:5::/48,上海
0.0.0.0/0,其他
"""


def table(tmp_path: Path, content: str | bytes) -> str:
    file = tmp_path / "regions.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("203.0.113.1", "广东"),
        ("203.0.113.64", "香港"),
        ("203.0.113.65", "澳门"),
        ("203.0.113.128", "广东"),
        ("198.51.100.255", "新加坡"),
        ("192.0.2.1", "其他"),
        ("::ffff:203.0.113.1", "广东"),
        ("2001:db8:4:ffff::1", "北京"),
        ("2001:db8:5::1", "上海"),
        ("2001:db9::1", None),
        ("fe80::1%eth0", None),
        ("", None),
        ("unix:", None),
    ],
)
def test_the_narrowest_network_names_an_address(tmp_path: Path, address: str, region: str | None) -> None:
    assert open_regions(table(tmp_path, TABLE)).region_of(address) == region


def test_without_a_file_nobody_knows() -> None:
    assert open_regions("").region_of("203.0.113.1") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("203.0.113.0/24,广东\n203.0.113.0/33,广东\n", "line 2"),
        ("203.0.113.7/24,广东\n", "host bits"),
        ("203.0.113.0/24\n", "line 1"),
        ("203.0.113.0/24,广东,深圳\n", "line 1"),
        ("203.0.113.0/24,\n", "1 to 20"),
        (f"203.0.113.0/24,{'长' * 21}\n", "1 to 20"),
        ("203.0.113.0/24,广东\n".encode("gbk"), "utf-8"),
    ],
)
def test_a_broken_file_is_told_by_its_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    file = table(tmp_path, content)
    with pytest.raises(RegionsUnreadable, match=said) as raised:
        open_regions(file)
    assert str(raised.value).startswith(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RegionsUnreadable, match="No such file"):
        open_regions(str(tmp_path / "nothing.csv"))
