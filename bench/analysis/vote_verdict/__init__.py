"""What a run on votes says, in sentences: one file a question, each sentence from a test that it names."""
