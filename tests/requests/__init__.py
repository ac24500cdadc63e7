"""Requests that people make of an assistant, and what each leaves to a text: the product learns that from them."""
