"""What earlier calls left behind, in Redis: hashes, counters, ids and times, never text.

A call reads and updates all of it by one script, put together from shelves: a file for each thing remembered, which
holds the Lua that reads and updates its keys, what it asks with and how the answer is read. Redis away = judged without
memory, and said so.
"""
