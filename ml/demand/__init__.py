"""A model of the demand for products: how many pairs are sold in the next hour, at a price."""
