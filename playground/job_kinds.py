"""Kinds of jobs of the playground; see llmhub.jobs.kinds."""

from playground.replays.kinds import ReplayJob, ReplayJudgeJob
from playground.suites.kinds import JudgeJob, MatrixJob

__all__ = ["JudgeJob", "MatrixJob", "ReplayJob", "ReplayJudgeJob"]
