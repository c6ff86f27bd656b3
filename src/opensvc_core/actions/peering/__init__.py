"""What a node does for its peers: the operations behind `osvc peer`."""
