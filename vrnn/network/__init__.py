"""Plain data of networks that both sides share: graph, maps, results."""
