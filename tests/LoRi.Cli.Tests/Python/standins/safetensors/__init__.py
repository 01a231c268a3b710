"""A stand-in with what a modelling file asks of safetensors."""
