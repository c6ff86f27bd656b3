"""Makes this machine a node: tree, links, keys, jobs, boot and shutdown, completion; and takes that away again."""
