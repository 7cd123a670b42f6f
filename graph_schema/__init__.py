"""What is kept: the vocabulary as types, the graph's nodes and relationships, migrations, and the stores."""
