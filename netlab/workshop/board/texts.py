"""What the board's script and the Hub's pages say, so that their texts are in the one catalogue."""

from __future__ import annotations

from netlab.i18n import N_
from netlab.i18n import gettext as _

TEXTS = (
    N_("The board"),
    N_("Lesson"),
    N_("all lessons"),
    N_("Class code"),
    N_("Learner"),
    N_("Where"),
    N_("passed"),
    N_("failing"),
    N_("stuck"),
    N_("not yet"),
    N_("at work"),
    N_("idle"),
    N_("away"),
    N_("tries: {n}"),
    N_("hints: {n}"),
    N_("solution shown"),
    N_("{n} min"),
    N_("Learners: {n}; done: {passed}, stuck: {stuck}, away: {away}"),
    N_("Announce"),
    N_("Say to all"),
    N_("Open the next lesson"),
    N_("Open all lessons"),
    N_("All lessons are open."),
    N_("Open: {lessons}"),
    N_("Break"),
    N_("a fault of the gym"),
    N_("for all"),
    N_("Put back"),
    N_("Collect"),
    N_("Collect and grade"),
    N_("Export CSV"),
    N_("Close"),
    N_("The lab of {name}, as it is now"),
    N_("No picture yet: his server is away, or just comes."),
    N_("Break all labs with “{fault}”? What the learners have built there is put back first."),
    N_("Break the lab of {name} with “{fault}”? What he has built there is put back first."),
    N_("Put the lab of {name} back? What he has built there is lost."),
    N_("Sent."),
    N_("The board's server does not answer; trying again."),
    N_("Nobody is here yet. The class code lets learners in."),
    N_("points"),
    N_("What the signs mean"),
    N_("self-reported"),
    N_(
        "Steps, hints and pictures are self-reported: a learner's own kernel says so. Points are graded, "
        "out of their reach."
    ),
)
PAGES = (
    N_("The netlab workshop"),
    N_("My lab"),
    N_("Light or dark"),
    N_("Log out"),
    N_("Come in"),
    N_("Your lab is being made."),
    N_("This page goes on by itself as soon as it is ready."),
    N_("Your lab is being ended."),
    N_("You can start it again in a moment."),
    N_("Your lab could not be started."),
    N_("Try again; if it fails again, tell the instructor what stands here:"),
    N_("Your lab does not run."),
    N_("Your notebooks and your results are kept. What was built in the lab is gone."),
    N_("Your notebooks and your results are kept. What was built in the lab is lost when it ends."),
    N_("Start my lab"),
    N_("To my lab"),
    N_("End my lab"),
    N_("This is not for you."),
    N_("There is no such page."),
    N_("Your lab does not answer."),
    N_("Something went wrong here."),
    N_("Go on in your own lab."),
)


def texts() -> dict[str, str]:
    """Each of the board's in the language that is spoken; empty where that is English."""
    return {text: said for text in TEXTS if (said := _(text)) != text}
