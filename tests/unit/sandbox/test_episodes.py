"""The demo's small troubles pass, and the first can be watched within a minute."""

from obs.sandbox.episodes import EPISODES


def test_an_episode_ends_before_it_comes_again():
    assert all(episode.lasts < episode.every for episode in EPISODES)


def test_what_lasts_has_an_end():
    assert all((episode.end is not None) == (episode.lasts > 0) for episode in EPISODES)


def test_a_consumer_falls_behind_and_works_again_within_the_first_minute():
    (stop,) = [episode for episode in EPISODES if "stops" in episode.begins]
    assert stop.first < 15
    assert stop.first + stop.lasts < 60
