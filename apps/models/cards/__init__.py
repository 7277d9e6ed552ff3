"""The model card: what the records say, around what people wrote."""
