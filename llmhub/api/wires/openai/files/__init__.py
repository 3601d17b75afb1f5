"""/v1/files: the input and output of batches.

https://platform.openai.com/docs/api-reference/files
"""
