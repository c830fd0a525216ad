"""Audio-text metrics: score how well a clip matches a caption."""
