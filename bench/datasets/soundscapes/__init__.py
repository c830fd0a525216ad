"""Short soundscapes synthesised from a seed: what is heard, the caption, and how well the two match.

``draw_soundscape`` draws a caption and its events, ``corrupt`` makes of it what a bad system would, ``relevance`` says
how well the result still matches the caption, and ``render`` turns it into samples. Captions, events and relevance are
identical on every machine; samples agree within one 16-bit step.
"""

from bench.datasets.soundscapes.character import Character
from bench.datasets.soundscapes.corruption import SYSTEMS, System, corrupt, relevance
from bench.datasets.soundscapes.mixing import render, render_pcm
from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.scene import CLIP_S, Event, Recording, Soundscape, draw_soundscape
from bench.datasets.soundscapes.signals import SAMPLE_RATE_HZ
from bench.datasets.soundscapes.vocabulary import SOUND_CLASSES, Phrase, SoundClass

__all__ = [
    "CLIP_S",
    "SAMPLE_RATE_HZ",
    "SOUND_CLASSES",
    "SYSTEMS",
    "Character",
    "Event",
    "Phrase",
    "RandomStream",
    "Recording",
    "SoundClass",
    "Soundscape",
    "System",
    "corrupt",
    "draw_soundscape",
    "relevance",
    "render",
    "render_pcm",
]
