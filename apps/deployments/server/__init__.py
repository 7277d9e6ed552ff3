"""The model server: one process, one model. It knows neither Django nor the portal's database."""
