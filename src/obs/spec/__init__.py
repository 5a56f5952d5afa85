"""What a spec may say: typed models, loading with line numbers, and reporting what is wrong."""
