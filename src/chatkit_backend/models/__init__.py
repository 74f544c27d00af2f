"""The room of the LLM: a `provider/model` string goes in, an `agents.Model` comes out.

It never reads settings, never stores anything and knows neither HTTP servers nor ChatKit. Nothing
is imported here, because importing the Agents SDK takes seconds that `--help` must not pay.
"""
