"""NATS clusters: JetStream's consumers, streams and servers, and what a client connection adds."""
