"""PostgreSQL as the warehouse: which server it is, how it is reached, how the lake gets into it.

``DATABASE_URL`` names the server. Without it, the warehouse's folder may hold an embedded one.
"""
