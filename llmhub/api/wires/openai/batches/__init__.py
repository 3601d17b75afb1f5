"""/v1/batches: the requests of a file as a job.

https://platform.openai.com/docs/api-reference/batch
"""
