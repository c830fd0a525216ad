"""The twenty sound classes: how each is synthesised and how captions speak of it.

A phrase is subject, finite verb and participle, so that it can stand as a clause ("a dog barks") and after
"followed by" ("a dog barking").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.datasets.soundscapes import devices, nature, voices
from bench.datasets.soundscapes.character import Character
from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.signals import Signal

Synthesiser = Callable[[Character, int, RandomStream], Signal]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say that a sound is heard."""

    subject: str
    finite: str
    participle: str

    @property
    def clause(self) -> str:
        return f"{self.subject} {self.finite}"

    @property
    def nominal(self) -> str:
        return f"{self.subject} {self.participle}"


@dataclass(frozen=True, slots=True)
class SoundClass:
    """A kind of sound: its name, its synthesiser and the phrases for it."""

    name: str
    synthesise: Synthesiser
    phrases: tuple[Phrase, ...]


def _sound(name: str, synthesise: Synthesiser, *phrases: tuple[str, str, str]) -> SoundClass:
    return SoundClass(name, synthesise, tuple(Phrase(*phrase) for phrase in phrases))


SOUND_CLASSES: dict[str, SoundClass] = {
    sound.name: sound
    for sound in (
        _sound(
            "dog",
            voices.dog,
            ("a dog", "barks", "barking"),
            ("a puppy", "yaps", "yapping"),
            ("a guard dog", "barks loudly", "barking loudly"),
        ),
        _sound(
            "cat",
            voices.cat,
            ("a cat", "meows", "meowing"),
            ("a kitten", "mews", "mewing"),
            ("a cat", "cries out", "crying out"),
        ),
        _sound(
            "birds",
            voices.birds,
            ("birds", "chirp", "chirping"),
            ("a bird", "tweets", "tweeting"),
            ("a songbird", "twitters", "twittering"),
        ),
        _sound(
            "laughter",
            voices.laughter,
            ("a person", "laughs", "laughing"),
            ("a woman", "giggles", "giggling"),
            ("someone", "bursts out laughing", "bursting out laughing"),
        ),
        _sound(
            "whistle",
            voices.whistle,
            ("a person", "whistles", "whistling"),
            ("a man", "whistles a tune", "whistling a tune"),
            ("someone", "whistles a melody", "whistling a melody"),
        ),
        _sound(
            "footsteps",
            voices.footsteps,
            ("someone", "walks", "walking"),
            ("footsteps", "echo", "echoing"),
            ("a person", "walks on a hard floor", "walking on a hard floor"),
        ),
        _sound(
            "knocking",
            voices.knocking,
            ("someone", "knocks on a door", "knocking on a door"),
            ("a person", "knocks on wood", "knocking on wood"),
            ("a visitor", "raps on the door", "rapping on the door"),
        ),
        _sound(
            "saw",
            voices.sawing,
            ("someone", "saws wood", "sawing wood"),
            ("a handsaw", "cuts through a board", "cutting through a board"),
            ("a carpenter", "saws a plank", "sawing a plank"),
        ),
        _sound(
            "siren",
            devices.siren,
            ("a siren", "wails", "wailing"),
            ("an ambulance siren", "blares", "blaring"),
            ("an emergency siren", "sounds", "sounding"),
        ),
        _sound(
            "alarm",
            devices.alarm,
            ("an alarm", "beeps", "beeping"),
            ("an electronic alarm", "goes off", "going off"),
            ("a device", "beeps repeatedly", "beeping repeatedly"),
        ),
        _sound(
            "phone",
            devices.phone,
            ("a telephone", "rings", "ringing"),
            ("a phone", "rings", "ringing"),
            ("an old telephone", "jingles", "jingling"),
        ),
        _sound(
            "bell",
            devices.bell,
            ("a bell", "rings", "ringing"),
            ("a church bell", "tolls", "tolling"),
            ("a large bell", "chimes", "chiming"),
        ),
        _sound(
            "clock",
            devices.clock,
            ("a clock", "ticks", "ticking"),
            ("a wall clock", "ticks steadily", "ticking steadily"),
            ("a clock", "ticks and tocks", "ticking and tocking"),
        ),
        _sound(
            "engine",
            devices.engine,
            ("an engine", "runs", "running"),
            ("a motor", "hums", "humming"),
            ("a car engine", "idles", "idling"),
        ),
        _sound(
            "helicopter",
            devices.helicopter,
            ("a helicopter", "flies overhead", "flying overhead"),
            ("helicopter blades", "whirl", "whirling"),
            ("a helicopter", "hovers", "hovering"),
        ),
        _sound(
            "rain",
            nature.rain,
            ("rain", "falls", "falling"),
            ("heavy rain", "pours down", "pouring down"),
            ("rain", "patters on a roof", "pattering on a roof"),
        ),
        _sound(
            "wind",
            nature.wind,
            ("the wind", "blows", "blowing"),
            ("a strong wind", "howls", "howling"),
            ("wind", "gusts", "gusting"),
        ),
        _sound(
            "thunder",
            nature.thunder,
            ("thunder", "rumbles", "rumbling"),
            ("thunder", "rolls", "rolling"),
            ("distant thunder", "growls", "growling"),
        ),
        _sound(
            "dripping",
            nature.dripping,
            ("water", "drips", "dripping"),
            ("a tap", "drips", "dripping"),
            ("drops of water", "fall into a basin", "falling into a basin"),
        ),
        _sound(
            "explosion",
            nature.explosion,
            ("an explosion", "booms", "booming"),
            ("a bomb", "explodes", "exploding"),
            ("a blast", "goes off", "going off"),
        ),
    )
}
