"""The enumerated types of studio.

Generated from the database's catalog by `just generate`; do not edit.
"""

from enum import StrEnum


class AssetKind(StrEnum):
    """What a file is: image, audio, video, subtitles, project_file (of another
    program), sprite_sheet, other.
    """

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    SUBTITLES = "subtitles"
    PROJECT_FILE = "project_file"
    SPRITE_SHEET = "sprite_sheet"
    OTHER = "other"


class AssetState(StrEnum):
    """Where an asset stands: reserved (its file is on its way), kept, abandoned (no
    file came), expired, deleted (both can be restored while the file is there),
    removing (the janitor has it), gone.
    """

    RESERVED = "reserved"
    KEPT = "kept"
    ABANDONED = "abandoned"
    EXPIRED = "expired"
    DELETED = "deleted"
    REMOVING = "removing"
    GONE = "gone"


class AssetUse(StrEnum):
    """What a job does with an asset: input (reads it), output (made it)."""

    INPUT = "input"
    OUTPUT = "output"


class Playback(StrEnum):
    """In which direction frames play: forward, reverse, ping_pong (there and back),
    ping_pong_reverse (back and there).
    """

    FORWARD = "forward"
    REVERSE = "reverse"
    PING_PONG = "ping_pong"
    PING_PONG_REVERSE = "ping_pong_reverse"


class PresetKind(StrEnum):
    """What a preset is for: script, image, voice, subtitles, video, animation, other."""

    SCRIPT = "script"
    IMAGE = "image"
    VOICE = "voice"
    SUBTITLES = "subtitles"
    VIDEO = "video"
    ANIMATION = "animation"
    OTHER = "other"


class ProjectStatus(StrEnum):
    """Where a project stands: draft (somebody writes), generating, completed, failed,
    archived (put away).
    """

    DRAFT = "draft"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


class SceneStatus(StrEnum):
    """Where a scene stands: pending (nothing was made of it yet), generating,
    completed, failed.
    """

    PENDING = "pending"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"


class StepKind(StrEnum):
    """What a step makes: script, image, voice, subtitles, video, other."""

    SCRIPT = "script"
    IMAGE = "image"
    VOICE = "voice"
    SUBTITLES = "subtitles"
    VIDEO = "video"
    OTHER = "other"
