"""Published scores that anybody re-analyses without a model: one layout, in the package, in a folder, on a hub."""
