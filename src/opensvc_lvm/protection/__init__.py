"""What keeps a node from activating volume groups that another node may use: looked at, and set up (cookbook)."""
