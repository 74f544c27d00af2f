"""A tutor on Gemini that teaches everybody at their own level, and from the page they read.

    export CHATKIT_AGENT=examples.gemini_tutor.app:tutor
    CHATKIT_MODEL=gemini/gemini-2.5-flash GEMINI_API_KEY=… chatkit-backend serve

Without CHATKIT_MODEL a script answers offline, which says how it would teach. The page says who
reads, in the `metadata` of its requests:

    {"userInfo": {"educationLevel": "school", "programmingExperience": "beginner"},
     "pageContext": {"title": "Loops", "url": "https://example.com/loops"}}
"""

from __future__ import annotations

import os

from agents import Agent

from chatkit_backend import RequestContext, TurnContext
from examples.offline import OfflineModel, Prompt

JOB = "You are a patient tutor of programming. Ask one question back at the end of each answer."

# What a browser says is never joined into the instructions: it only chooses among our sentences.
LEVELS = {
    "school": "Use everyday examples and short sentences.",
    "bachelor": "Name the concepts, and explain each once.",
    "master": "Assume the basics of computer science.",
}
EXPERIENCE = {
    "none": "Use no code before you have explained it in words.",
    "beginner": "Show code in small steps of at most five lines.",
    "advanced": "Show whole functions, and speak of trade-offs.",
}
PAGE = "Take your examples from the page that the student is reading."


def tutor(context: RequestContext) -> Agent[TurnContext]:
    """The tutor for one student."""
    fields = context.profile.fields if context.profile else {}
    manner = [
        LEVELS.get(fields.get("educationLevel", "").lower()),
        EXPERIENCE.get(fields.get("programmingExperience", "").lower()),
        PAGE if context.page else None,
    ]
    return Agent[TurnContext](
        name="tutor",
        instructions=" ".join([JOB, *filter(None, manner)]),
        model=None if os.environ.get("CHATKIT_MODEL") else OfflineModel(_script),
    )


def _script(prompt: Prompt) -> str:
    manner = prompt.instructions.removeprefix(JOB).strip()
    return f"No model is connected. This is how I would teach you: {manner or 'as anybody.'}"
