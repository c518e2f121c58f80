"""What a script in a job does: lists the pipelines of a project with what it finds in its environment.

`list_pipelines.py basic|bearer [PROJECT]`; a refusal goes to standard error, with exit code 3.
"""

import os
import sys

from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from msrest.authentication import BasicAuthentication, BasicTokenAuthentication

token = os.environ["SYSTEM_ACCESSTOKEN"]
if sys.argv[1] == "basic":
    credentials = BasicAuthentication("", token)
else:
    credentials = BasicTokenAuthentication({"access_token": token})
connection = Connection(base_url=os.environ["SYSTEM_COLLECTIONURI"], creds=credentials)
project = sys.argv[2] if len(sys.argv) > 2 else os.environ["SYSTEM_TEAMPROJECT"]
try:
    for pipeline in connection.clients_v7_1.get_pipelines_client().list_pipelines(project):
        print(pipeline.name)
except AzureDevOpsServiceError as refusal:
    print(refusal, file=sys.stderr)
    sys.exit(3)
