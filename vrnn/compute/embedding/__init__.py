"""A data set as a cloud: features of each image at a layer, placed in two or three dimensions."""
