# SPDX-License-Identifier: BSD-2-Clause
"""The exercises of the book (docs/book/exercises.md): what there is, and a folder to work in. grading.py grades them.

An exercise is a folder in user/exercises:
    exercise.toml   its title, which files are the student's, which seeds it boots with, and the criteria with their points
    given/          the student's files as they are given
    grade/          what is not the student's: the description of the system, the grader, other programs
and `common` has what goes into every project. All of it is copied into a student's folder, so that nothing about the grader is hidden; but
what is graded is the student's files, put into a fresh copy of the rest."""

import filecmp
import os
import shutil
import tomllib

import places

FOLDER = os.path.join(places.ROOT, "exercises" if places.KIT else os.path.join("user", "exercises"))
COMMON = "common"
MARK = "exercise"  # in a student's folder: which one it is
RENAMED = {"gitignore": ".gitignore"}


class Refused(Exception):
    """It cannot be done. The text says why, in a line."""


class Exercise:
    """One of them: its folder, and what its exercise.toml says."""

    def __init__(self, name):
        self.name = name
        self.number = int(name.split("-")[0])
        with open(os.path.join(FOLDER, name, "exercise.toml"), "rb") as f:
            self.about = tomllib.load(f)

    @property
    def title(self):
        return self.about["title"]

    @property
    def files(self):
        return self.about["files"]

    @property
    def criteria(self):
        return self.about["criterion"]

    @property
    def points(self):
        return sum(criterion["points"] for criterion in self.criteria)

    def parts(self, *names):
        """(path in a project, path of the file) of what is in these folders of the exercise, and in `common`."""
        for folder in (os.path.join(FOLDER, COMMON), *(os.path.join(FOLDER, self.name, name) for name in names)):
            for at, folders, files in os.walk(folder):
                folders.sort()
                for file in sorted(files):
                    path = os.path.join(at, file)
                    yield os.path.join(os.path.relpath(at, folder), RENAMED.get(file, file)), path


def every():
    return [Exercise(name) for name in sorted(os.listdir(FOLDER)) if os.path.isfile(os.path.join(FOLDER, name, "exercise.toml"))]


def of(word):
    """The exercise of that number, or name."""
    for one in every():
        if word in (str(one.number), one.name, one.name.split("-", 1)[1]):
            return one
    numbers = ", ".join(str(one.number) for one in every())
    raise Refused(f"there is no exercise '{word}'; there are {numbers}: lykos exercise lists them")


def copy(pairs, folder):
    """Copies of the files at these paths of the folder. One that has the same text already is left alone: it need not be built again."""
    for path, source in pairs:
        to = os.path.normpath(os.path.join(folder, path))
        os.makedirs(os.path.dirname(to), exist_ok=True)
        if not os.path.exists(to) or not filecmp.cmp(source, to, shallow=False):
            shutil.copyfile(source, to)


def make(word, folder=None):
    """A folder to work in, new or empty: (the exercise, the folder, the paths of the files that are the student's)."""
    one = of(word)
    folder = folder or one.name.split("-", 1)[1]
    try:
        if os.path.lexists(folder) and os.listdir(folder):
            raise Refused(f"the folder {folder} is not empty")
        copy(one.parts("grade", "given"), folder)
        with open(os.path.join(folder, MARK), "w", encoding="utf-8") as f:
            f.write(f"{one.name}\n")
    except OSError as e:
        raise Refused(f"{e.filename}: {e.strerror}") from None
    return one, folder, [os.path.join(folder, file) for file in one.files]


def within(folder):
    """The exercise that this folder is of."""
    try:
        with open(os.path.join(folder, MARK), encoding="utf-8") as f:
            return of(f.read().strip())
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{os.path.abspath(folder)} is no folder of an exercise: lykos exercise N makes one") from None
