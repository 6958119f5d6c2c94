"""Files of ip2region and MaxMind: the province within China, the country elsewhere, and files that are replaced."""

import os
from pathlib import Path
from typing import Any

import pytest

from feed.geoip.display import shown_region
from feed.geoip.files import open_regions
from feed.geoip.model import RegionsUnreadable
from tests.support.regions import write_mmdb, write_xdb

FOUR = {
    "1.0.1.0-1.0.3.255": "中国|福建省|福州市|电信|CN",
    "1.2.2.0-1.2.2.255": "中国|北京|北京市|0|CN",
    "14.0.0.0-14.3.255.255": "中国|0|广东省|深圳市|电信",
    "14.4.0.0-14.4.0.255": "中国|内蒙古自治区|0|0|CN",
    "14.5.0.0-14.5.0.255": "中国|香港特别行政区|香港|0|HK",
    "14.6.0.0-14.6.0.255": "中国|0|台湾省|台北市|0",
    "14.7.0.0-14.7.0.255": "中国|0|0|0|CN",
    "8.8.8.0-8.8.8.255": "United States|California|0|Google|US",
    "8.9.0.0-8.9.255.255": "美国|0|加利福尼亚|0|0",
    "9.0.0.0-9.0.0.255": "Fiji|0|0|0|FJ",
    "10.0.0.0-10.255.255.255": "0|0|0|内网IP|内网IP",
    "127.0.0.0-127.255.255.255": "Reserved|Reserved|Reserved|0|0",
}
SIX = {
    "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": "中国|广东省|广州市|移动|CN",
    "2001:db9::-2001:db9::ffff": "日本|东京|0|0|JP",
}
SHOWN = [
    ("1.0.1.7", "福建"),
    ("1.0.3.255", "福建"),
    ("1.0.4.0", None),
    ("1.2.2.0", "北京"),
    ("14.2.3.4", "广东"),
    ("14.3.255.255", "广东"),
    ("14.4.0.1", "内蒙古"),
    ("14.5.0.1", "中国香港"),
    ("14.6.0.1", "中国台湾"),
    ("14.7.0.1", "中国"),
    ("8.8.8.8", "美国"),
    ("8.9.1.1", "美国"),
    ("9.0.0.1", "Fiji"),
    ("10.1.1.1", None),
    ("127.0.0.1", None),
    ("::ffff:14.2.3.4", "广东"),
    ("2001:db8:1::9", "广东"),
    ("2001:db9::1", "日本"),
    ("2001:db9::1%eth0", "日本"),
    ("2001:dba::1", None),
    ("", None),
    ("unix:", None),
]


@pytest.mark.parametrize(("address", "region"), SHOWN)
def test_ip2region_files_of_both_versions_name_the_province(tmp_path: Path, address: str, region: str | None) -> None:
    files = f"{write_xdb(tmp_path / 'four.xdb', FOUR)}, {write_xdb(tmp_path / 'six.xdb', SIX)}"
    assert open_regions(files).region_of(address) == region


def test_an_older_ip2region_file_is_of_ipv4(tmp_path: Path) -> None:
    old = open_regions(write_xdb(tmp_path / "old.xdb", FOUR, structure=2))
    assert (old.region_of("14.2.3.4"), old.region_of("2001:db8::1")) == ("广东", None)


def city(code: str, zh: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"country": {"iso_code": code, "names": {"en": code, "zh-CN": zh}}, "subdivisions": list(parts)}


MMDB = {
    "1.0.1.0/24": city("CN", "中国", {"iso_code": "FJ", "names": {"en": "Fujian", "zh-CN": "福建省"}}),
    "1.0.2.0/24": city("CN", "中国", {"iso_code": "GD", "names": {"en": "Guangdong"}}),
    "1.0.3.0/24": {"country": {"iso_code": "CN"}, "subdivisions": [{"iso_code": "NX"}]},
    "1.0.4.0/24": city("HK", "香港"),
    "1.0.5.0/24": city("MO", "澳门"),
    "1.0.6.0/24": city("TW", "台湾", {"iso_code": "TPE", "names": {"en": "Taipei City"}}),
    "1.0.7.0/24": city("US", "美国", {"iso_code": "HI", "names": {"en": "Hawaii"}}),
    "1.0.8.0/24": {"country": "CN", "region": "Inner Mongolia"},
    "1.0.9.0/24": {"country_code": "CN", "country": "China", "region": "Guangxi Zhuang Autonomous Region"},
    "1.0.10.0/24": {"registered_country": {"iso_code": "JP", "names": {"en": "Japan"}}},
    "1.0.11.0/24": {"city": {"names": {"en": "Nowhere"}}},
    "1.0.12.0/24": {"country": {"iso_code": 7}, "subdivisions": "none"},
    "2001:db8::/32": city("CN", "中国", {"names": {"zh-CN": "西藏"}}),
}


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("1.0.1.1", "福建"),
        ("1.0.2.1", "广东"),
        ("1.0.3.1", "宁夏"),
        ("1.0.4.1", "中国香港"),
        ("1.0.5.1", "中国澳门"),
        ("1.0.6.1", "中国台湾"),
        ("1.0.7.1", "美国"),
        ("1.0.8.1", "内蒙古"),
        ("1.0.9.1", "广西"),
        ("1.0.10.1", "日本"),
        ("1.0.11.1", None),
        ("1.0.12.1", None),
        ("::ffff:1.0.1.1", "福建"),
        ("2001:db8::1", "西藏"),
        ("2001:db9::1", None),
        ("unix:", None),
    ],
)
def test_a_maxmind_file_names_the_province(tmp_path: Path, address: str, region: str | None) -> None:
    assert open_regions(write_mmdb(tmp_path / "regions.mmdb", MMDB)).region_of(address) == region


def test_a_file_of_ipv4_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    four = {network: record for network, record in MMDB.items() if ":" not in network}
    assert open_regions(write_mmdb(tmp_path / "four.mmdb", four, version=4)).region_of("2001:db8::1") is None


def test_the_first_file_that_knows_an_address_decides(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("14.2.0.0/16,深圳湾\n", "utf-8")
    regions = open_regions(f"{table},{write_xdb(tmp_path / 'four.xdb', FOUR)}")
    assert (regions.region_of("14.2.0.1"), regions.region_of("14.1.0.1")) == ("深圳湾", "广东")


def test_a_replaced_file_is_used_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "four.xdb"
    regions = open_regions(write_xdb(file, {"14.0.0.0-14.0.255.255": "中国|广东省|0|0|CN"}))
    assert regions.region_of("14.0.0.1") == "广东"
    assert not regions.refresh()  # type: ignore[union-attr]
    os.replace(write_xdb(tmp_path / "next", {"14.0.0.0-14.0.255.255": "中国|江苏省|0|0|CN"}), file)
    assert regions.region_of("14.0.0.1") == "广东"
    assert regions.refresh()  # type: ignore[union-attr]
    assert regions.region_of("14.0.0.1") == "江苏"
    (tmp_path / "broken").write_bytes(b"nothing")
    os.replace(tmp_path / "broken", file)
    assert not regions.refresh()  # type: ignore[union-attr]
    file.unlink()
    assert not regions.refresh()  # type: ignore[union-attr]
    assert regions.region_of("14.0.0.1") == "江苏"


@pytest.mark.parametrize("name", ["a.xdb", "a.mmdb", "a.csv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe" * 300, b"x" * 1_000_000])
def test_a_file_that_is_none_is_reported(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    if content or name != "a.csv":
        with pytest.raises(RegionsUnreadable, match=name):
            open_regions(str(tmp_path / name))
    with pytest.raises(RegionsUnreadable):
        open_regions(str(tmp_path / f"missing-{name}"))


def test_a_file_that_is_cut_off_is_reported_or_names_nothing(tmp_path: Path) -> None:
    whole = Path(write_xdb(tmp_path / "whole.xdb", FOUR)).read_bytes()
    for kept in (10, 300, 256 + 524288, len(whole) - 200):
        (tmp_path / "cut.xdb").write_bytes(whole[:kept])
        with pytest.raises(RegionsUnreadable):
            open_regions(str(tmp_path / "cut.xdb"))


@pytest.mark.parametrize(
    ("country", "parts", "shown"),
    [
        ("China", ["Shaanxi Sheng"], "陕西"),
        ("CN", ["Shanxi"], "山西"),
        ("中国", ["安徽省"], "安徽"),
        ("CN", ["Anhui"], "安徽"),
        ("CN", ["CN-XJ"], "新疆"),
        ("中国", ["新疆维吾尔自治区"], "新疆"),
        ("中国", ["宁夏回族自治区"], "宁夏"),
        ("CN", ["Xinjiang Uyghur Autonomous Region"], "新疆"),
        ("Taiwan, Province of China", [], "中国台湾"),
        ("澳门", [], "中国澳门"),
        ("SD", [], "SD"),
        ("MO", [], "中国澳门"),
        ("The United Kingdom of very long names", [], "The United Kingdom o"),
        (" 0 ", [], None),
    ],
)
def test_a_region_is_shown_by_its_province_or_country(country: str, parts: list[str], shown: str | None) -> None:
    assert shown_region(country, parts) == shown
