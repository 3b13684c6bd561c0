"""A simulated farm: people, workers and services that do what they do in a real one, through the same functions.

`cast` names who takes part, `ground` says whether a database is meant for it, `stage` is what all of them share, `crew` are
the workers, `scenes` is what happens, `play` has it happen and tidies up, `summary` says what came of it. `farms` is the same, smaller, on several farms.
"""
