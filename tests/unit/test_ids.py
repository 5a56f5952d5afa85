"""Ids that never change."""

import re

from hypothesis import given
from hypothesis import strategies as st

from obs.ids import dashboard_tags, dashboard_uid, folder_uid, panel_id, panel_url


def test_an_id_is_the_same_for_ever() -> None:
    assert panel_id("consumer/lag") == 832133031


@given(st.text(), st.text())
def test_ids_fit_into_what_grafana_keeps(system: str, page: str) -> None:
    assert 0 < panel_id(page) < 2**31
    assert re.fullmatch("[a-z0-9_-]{1,40}", dashboard_uid(system, page))


def test_a_uid_is_readable_where_grafana_lets_it_be() -> None:
    assert dashboard_uid("oms_2", "overview") == "obs-oms_2-overview"
    assert re.fullmatch("obs-oms_2-overview-[0-9a-f]{8}", dashboard_uid("OMS_2", "overview"))
    assert dashboard_uid("oms.eu", "overview") != dashboard_uid("oms-eu", "overview")
    assert folder_uid("oms") == "obs-oms-folder"


def test_a_panel_s_address_names_its_page() -> None:
    url = panel_url("https://grafana.example.com/", "oms", "consumer/lag")
    assert url == "https://grafana.example.com/d/obs-oms-consumer?viewPanel=832133031"


def test_a_panel_s_address_may_choose_the_object_it_shows() -> None:
    url = panel_url("https://g", "oms", "consumer/lag", [("stream", "A"), ("consumer", "b+c")])
    assert url.endswith("?viewPanel=832133031&var-stream=A&var-consumer=b+c")


def test_systems_that_differ_by_punctuation_or_case_have_dashboards_of_their_own() -> None:
    systems = ("shop-eu", "shop_eu", "shop.eu", "Shop-eu")
    assert len({dashboard_uid(system, "overview") for system in systems}) == len(systems)
    assert dashboard_uid("shop-eu", "overview") == "obs-shop-eu-overview"


def test_tags_are_as_long_as_grafana_keeps_and_none_is_there_twice() -> None:
    assert dashboard_tags("s" * 50, "e") == ("obs", "s" * 50, "e")
    long, other = dashboard_tags("s" * 51, "e"), dashboard_tags("s" * 52, "e")
    assert len(long[1]) == 50
    assert long != other
    assert dashboard_tags("obs", "obs") == ("obs",)
