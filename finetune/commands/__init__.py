"""One file a command (or family of commands) of ``finetune``; `finetune.cli` puts them together."""
