"""Audio-text metrics: score how well a clip matches a caption.

Scorers of other people import these modules, which keep their names and what they promise (docs/scorers.md):

- `metrics.types`: pairs, specs, options and scores, and what a scorer is.
- `metrics.audio`: decodes a clip, or says why it cannot be heard.
- `metrics.windows`: cuts what a model hears out of a clip.
- `metrics.encoder`: what a model with an audio and a text tower must offer, and how to build it late.
- `metrics.clap_score`: makes a scorer of such a model by Eq. (1).
- `metrics.errors`: the errors that users see as one line.

Everything else is this package's own and may change with every version.
"""
