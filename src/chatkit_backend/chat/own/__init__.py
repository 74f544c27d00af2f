"""What a team brings of its own: agents, servers, actions, tags, guardrails."""
