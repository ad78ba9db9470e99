"""What is seen, as files: images, videos, layers."""
