"""Why a model gave an answer: relevance, gradients, and how faithful they are."""
