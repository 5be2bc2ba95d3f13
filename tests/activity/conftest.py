from tests.cast import *
