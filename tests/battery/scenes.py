"""The twenty attacks of the battery, over as many domains."""

from tests.battery.attacks import Attack
from tests.battery.scenes_office import OFFICE
from tests.battery.scenes_operations import OPERATIONS
from tests.battery.scenes_people import PEOPLE

ATTACKS: tuple[Attack, ...] = (*OFFICE, *OPERATIONS, *PEOPLE)
